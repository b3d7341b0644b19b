#!lua name=seinhuis_@VERSION@

-- Everything that must happen as a whole, on the server: route (a batch of steps), act, note.
-- Commands of Redis 7.0 only. Every key is declared, and all keys of a call are in one slot.
--
-- A script that fails halfway is not rolled back. So every step first looks at all that could go
-- wrong, and writes only then: the fence, the duplicate check, the record, the copies. Nothing after
-- the fence can fail.
--
-- @VERSION@ is made from this file. It is in the names, so that workers of two versions can run side
-- by side: each calls the functions that it was written for.
--
-- The value of a `seen` key: `party=entry,party=entry;flags`. `entry` is where the copy is in the
-- inbox of the party; the only flag is `withdrawn`.

local COPY = 9    -- arguments of a copy: party message type rule sender urgency deadline retain content
local PARKED = 5  -- arguments of a parked event: event reasons message type sender
local HEADER = 10 -- arguments of a step, before its copies

-- What `seen` says: the text of the parties, a set of them, and whether it was withdrawn.
local function read_seen(value)
  local text, flags = string.match(value, '^([^;]*);?(.*)$')
  local parties = {}
  for party in string.gmatch(text, '([^,=]+)=') do
    parties[party] = true
  end
  return text, parties, flags == 'withdrawn'
end

local function same_parties(parties, expected)
  local count = 0
  for party in string.gmatch(expected, '[^,]+') do
    if not parties[party] then return false end
    count = count + 1
  end
  for _ in pairs(parties) do count = count - 1 end
  return count == 0
end

-- The value of a string key, or nil; and whether the key is something else than a string.
local function get(key)
  local value = redis.pcall('GET', key)
  if type(value) == 'table' then return nil, true end
  return value or nil, false
end

local function is_a(key, wanted)
  local kind = redis.call('TYPE', key)['ok']
  return kind == wanted or kind == 'none'
end

local function write_record(head, audit, record)
  local seq = redis.call('HINCRBY', head, 'seq', 1)
  redis.call('XADD', audit, '*', 'seq', seq, 'record', record)
  return seq
end

-- Write the copy whose arguments begin at `i`; return the id of its entry.
local function write_copy(inbox, a, i, notice)
  if notice then
    return redis.call('XADD', inbox, '*', 'message', a[i + 1], 'type', a[i + 2], 'rule', a[i + 3],
      'sender', a[i + 4], 'urgency', a[i + 5], 'deadline', a[i + 6], 'retain', a[i + 7],
      'copy', a[i + 8], 'notice', '1')
  end
  return redis.call('XADD', inbox, '*', 'message', a[i + 1], 'type', a[i + 2], 'rule', a[i + 3],
    'sender', a[i + 4], 'urgency', a[i + 5], 'deadline', a[i + 6], 'retain', a[i + 7],
    'copy', a[i + 8])
end

local function write_parked(stream, a, i)
  redis.call('XADD', stream, '*', 'event', a[i], 'reasons', a[i + 1], 'message', a[i + 2],
    'type', a[i + 3], 'sender', a[i + 4])
end

-- KEYS: head audit held dead, then for each step: its queue, `seen` when it has a message, `seen` of
--   the original when it corrects, the inbox of each copy and of each notice.
-- ARGV: lifetime of `seen` (ms), room of an inbox (entries; notices may take as much again), reader
--   group, then for each step:
--     queue (in, held, dead), entry, record, duplicate record, has message (1), number of copies,
--     number of notices, parked (h, d, hd), corrects (c, w), whom it expects to have received it
--   and its copies, its notices, its parked events.
-- Returns a word for each step: done, duplicate, gone, changed, or blocked|<key or what it is>.
local function route(K, A)
  local head, audit = K[1], K[2]
  local ttl, room, group = A[1], tonumber(A[2]), A[3]
  local k, a = 5, 4
  local results, good, lengths = {}, {}, {}

  local function stream(key)
    local known = good[key]
    if known == nil then
      known = is_a(key, 'stream')
      good[key] = known
    end
    return known
  end

  if not is_a(head, 'hash') then good[audit] = false end -- a call without a head writes no record

  local function step()
    local queue_key, queue, entry, record = K[k], A[a], A[a + 1], A[a + 2]
    local n_copies, n_notices = tonumber(A[a + 5]), tonumber(A[a + 6])
    local parked, corrects = A[a + 7], A[a + 8]
    local duplicate_record, expected = A[a + 3], A[a + 9]
    local copies = a + HEADER
    local notices = copies + COPY * n_copies
    local park = notices + COPY * n_notices
    local seen, original
    k = k + 1
    if A[a + 4] == '1' then
      seen = K[k]
      k = k + 1
    end
    if corrects ~= '' then
      original = K[k]
      k = k + 1
    end
    local copy_keys = k
    local notice_keys = k + n_copies
    k = notice_keys + n_notices
    a = park + PARKED * #parked

    -- Look.
    if not stream(audit) then return 'blocked|' .. (is_a(head, 'hash') and audit or head) end
    if not stream(queue_key) then return 'blocked|' .. queue_key end
    local value, wrong
    if seen then
      value, wrong = get(seen)
      if wrong then return 'blocked|' .. seen end
    end

    local function fence()
      if queue == 'in' then
        local acked = redis.pcall('XACK', queue_key, group, entry)
        if acked ~= 1 then return false end
        redis.call('XDEL', queue_key, entry)
        return true
      end
      return redis.pcall('XDEL', queue_key, entry) == 1
    end

    if value and queue == 'in' then
      if not fence() then return 'gone' end
      if duplicate_record ~= '' then write_record(head, audit, duplicate_record) end
      return 'duplicate'
    end

    local text, parties = '', {}
    if value then
      local withdrawn
      text, parties, withdrawn = read_seen(value)
      if withdrawn and n_copies > 0 then return 'blocked|withdrawn' end
    end
    for n = 0, n_copies + n_notices - 1 do
      local inbox = K[copy_keys + n]
      local length = lengths[inbox]
      if length == nil then
        length = redis.pcall('XLEN', inbox)
        if type(length) == 'table' then return 'blocked|' .. inbox end
        lengths[inbox] = length
      end
      if length >= (n < n_copies and room or 2 * room) then
        return 'blocked|inbox-full:' .. A[copies + COPY * n]
      end
    end
    if parked ~= '' and not (stream(K[3]) and stream(K[4])) then
      return 'blocked|' .. (good[K[3]] and K[4] or K[3])
    end
    local original_value
    if original then
      original_value, wrong = get(original)
      if wrong then return 'blocked|' .. original end
      if not original_value then return 'changed' end
      local _, received = read_seen(original_value)
      if not same_parties(received, expected) then return 'changed' end
    end

    -- Write.
    if not fence() then return 'gone' end
    write_record(head, audit, record)
    for n = 0, n_copies - 1 do
      local i = copies + COPY * n
      local party = A[i]
      if not parties[party] then
        local inbox = K[copy_keys + n]
        local id = write_copy(inbox, A, i, false)
        lengths[inbox] = lengths[inbox] + 1
        parties[party] = true
        text = (text == '' and '' or text .. ',') .. party .. '=' .. id
      end
    end
    for n = 0, n_notices - 1 do
      local inbox = K[notice_keys + n]
      write_copy(inbox, A, notices + COPY * n, true)
      lengths[inbox] = lengths[inbox] + 1
    end
    if seen then
      local flags = value and string.match(value, ';.*$') or ';'
      redis.call('SET', seen, text .. flags, 'PX', ttl)
    end
    if corrects == 'w' then
      local received = read_seen(original_value)
      redis.call('SET', original, received .. ';withdrawn', 'PX', ttl)
    end
    for n = 1, #parked do
      local kind = string.sub(parked, n, n)
      write_parked(kind == 'h' and K[3] or K[4], A, park + PARKED * (n - 1))
    end
    return 'done'
  end

  local count = #A
  while a <= count do
    results[#results + 1] = step()
  end
  return results
end

-- KEYS: head audit seen delivery, then the inbox of the notice and of the copy, when there are.
-- ARGV: lifetime of `seen` (ms), room of an inbox, party, name, act, state after it, time, record,
--   record of a refusal, states it is allowed from, notice (1), copy (1), then notice and copy.
-- Returns the outcome and the state: done, already, not-allowed, unknown, withdrawn; or blocked and
-- what stands in the way.
local function act(K, A)
  local head, audit, seen, delivery = K[1], K[2], K[3], K[4]
  local ttl, room, party, name, ref = A[1], tonumber(A[2]), A[3], A[4], A[5]
  local has_notice, has_copy = A[11] == '1', A[12] == '1'
  local k, a = 5, 13
  local notice_key, notice, copy_key, copy
  if has_notice then
    notice_key, notice = K[k], a
    k, a = k + 1, a + COPY
  end
  if has_copy then copy_key, copy = K[k], a end

  if not is_a(head, 'hash') then return { 'blocked', head } end
  if not is_a(audit, 'stream') then return { 'blocked', audit } end
  if not is_a(delivery, 'hash') then return { 'blocked', delivery } end
  if has_notice and not is_a(notice_key, 'stream') then return { 'blocked', notice_key } end
  local value, wrong = get(seen)
  if wrong then return { 'blocked', seen } end

  local text, parties, withdrawn = read_seen(value or '')
  local known = redis.call('HMGET', delivery, 'state', 'act:' .. ref)
  local state = known[1] or 'delivered'
  if known[2] then return { 'already', state } end
  if not parties[party] and not known[1] then
    write_record(head, audit, A[9])
    return { 'unknown', '' }
  end
  local allowed = false
  for from in string.gmatch(A[10], '[^,]+') do
    allowed = allowed or from == state
  end
  if not allowed then
    write_record(head, audit, A[9])
    return { 'not-allowed', state }
  end
  local passes_on = has_copy and not parties[A[copy]]
  if has_copy then
    if withdrawn then
      write_record(head, audit, A[9])
      return { 'withdrawn', state }
    end
    if not is_a(copy_key, 'stream') then return { 'blocked', copy_key } end
    if passes_on and redis.call('XLEN', copy_key) >= room then
      return { 'blocked', 'inbox-full:' .. A[copy] }
    end
  end

  write_record(head, audit, A[8])
  redis.call('HSET', delivery, 'state', A[6], 'at', A[7], 'act:' .. ref, name)
  if passes_on then
    local id = write_copy(copy_key, A, copy, false)
    text = (text == '' and '' or text .. ',') .. A[copy] .. '=' .. id
    redis.call('SET', seen, text .. ';', 'PX', ttl)
  end
  if has_notice then write_copy(notice_key, A, notice, true) end
  return { 'done', A[6] }
end

-- KEYS: head audit. ARGV: record. Returns its seq, or the key that stands in the way.
local function note(K, A)
  if not is_a(K[1], 'hash') then return K[1] end
  if not is_a(K[2], 'stream') then return K[2] end
  return write_record(K[1], K[2], A[1])
end

redis.register_function('seinhuis_route_@VERSION@', route)
redis.register_function('seinhuis_act_@VERSION@', act)
redis.register_function('seinhuis_note_@VERSION@', note)
