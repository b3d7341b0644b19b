#!lua name=seinhuis_@VERSION@

-- Everything that must happen as a whole, on the server: route (a batch of steps), act, note, excuse.
-- Commands of Redis 7.0 only. Every key is declared, and all keys of a call are in one slot.
--
-- A script that fails halfway is not rolled back. So every step first looks at all that could go
-- wrong, and writes only then: the fence, the duplicate check, the record, the copies. Nothing after
-- the fence can fail.
--
-- @VERSION@ is made from this file. It is in the names, so that workers of two versions can run side
-- by side: each calls the functions that it was written for.
--
-- What stands in each key, and how a value is written, is in keys.py.

local COPY = 9    -- arguments of a copy: party message type rule sender urgency deadline retain content
local PARKED = 5  -- arguments of a parked event: event reasons message type sender
local HEADER = 11 -- arguments of a step, before its copies

-- The states in which a copy still takes up room in the inbox of its party.
local UNFINISHED = { delivered = true, opened = true }

-- What `seen` says: the text of the parties, a set of them, who sent it, and what became of it.
local function read_seen(value)
  local text, flags = string.match(value, '^([^;]*)(.*)$')
  local parties = {}
  for party in string.gmatch(text, '([^,=]+)=') do
    parties[party] = true
  end
  return {
    text = text,
    parties = parties,
    sender = string.match(flags, ';from=([^;]*)') or '',
    withdrawn = string.find(flags, ';withdrawn', 1, true) ~= nil,
    corrected = string.find(flags, ';corrected', 1, true) ~= nil,
  }
end

local function write_seen(key, seen, ttl)
  local flags = (seen.withdrawn and ';withdrawn' or '') .. (seen.corrected and ';corrected' or '')
  redis.call('SET', key, seen.text .. ';from=' .. seen.sender .. flags, 'PX', ttl)
end

-- Why nobody gets a further copy: withdrawn, corrected, or nil.
local function known_wrong(seen)
  return seen.withdrawn and 'withdrawn' or seen.corrected and 'corrected' or nil
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

-- Whether a word is in a list with commas.
local function contains(list, word)
  return string.find(',' .. list .. ',', ',' .. word .. ',', 1, true) ~= nil
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
  local fields = { 'message', a[i + 1], 'type', a[i + 2], 'rule', a[i + 3], 'sender', a[i + 4],
    'urgency', a[i + 5], 'deadline', a[i + 6], 'retain', a[i + 7], 'copy', a[i + 8] }
  if notice then
    fields[17], fields[18] = 'notice', '1'
  end
  return redis.call('XADD', inbox, '*', unpack(fields))
end

-- Deliver the copy whose arguments begin at `i`: into the inbox, what is seen, and what is open.
local function deliver(inbox, open, seen, a, i)
  local party = a[i]
  local id = write_copy(inbox, a, i, false)
  seen.parties[party] = true
  seen.text = (seen.text == '' and '' or seen.text .. ',') .. party .. '=' .. id
  return redis.call('HINCRBY', open, party, 1)
end

-- Tell the sender, unless it has stopped reading: its inbox must not block anybody else.
local function notify(inbox, room, a, i)
  if redis.call('XLEN', inbox) < 2 * room then write_copy(inbox, a, i, true) end
end

-- How many copies a party has not finished, or nil when the key is not what it should be.
local function count_open(open, party)
  local count = redis.pcall('HGET', open, party)
  if type(count) == 'table' then return nil end
  return tonumber(count or 0)
end

local function write_parked(stream, a, i)
  redis.call('XADD', stream, '*', 'event', a[i], 'reasons', a[i + 1], 'message', a[i + 2],
    'type', a[i + 3], 'sender', a[i + 4])
end

-- KEYS: head audit held dead open, then for each step: its queue, `seen` when it has a message, `seen`
--   of the original when it corrects, the inbox of each copy and of each notice.
-- ARGV: lifetime of `seen` (ms), room of an inbox (unfinished copies; notices: twice as many entries),
--   reader group, then for each step:
--     queue (in, held, dead), entry, record, duplicate record, has message (1), number of copies,
--     number of notices, parked (h, d, hd), corrects (c, w), whom it expects to have received it,
--     sender
--   and its copies, its notices, its parked events.
-- Returns a word for each step: done, duplicate, gone, changed, or blocked|<key or what it is>.
local function route(K, A)
  local head, audit, open = K[1], K[2], K[5]
  local ttl, room, group = A[1], tonumber(A[2]), A[3]
  local k, a = 6, 4
  local results, good, unfinished = {}, {}, {}

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
    local duplicate_record, expected, sender = A[a + 3], A[a + 9], A[a + 10]
    local copies = a + HEADER
    local notices = copies + COPY * n_copies
    local park = notices + COPY * n_notices
    local seen_key, original_key
    k = k + 1
    if A[a + 4] == '1' then
      seen_key = K[k]
      k = k + 1
    end
    if corrects ~= '' then
      original_key = K[k]
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
    if seen_key then
      value, wrong = get(seen_key)
      if wrong then return 'blocked|' .. seen_key end
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

    local seen = read_seen(value or '')
    if n_copies > 0 and known_wrong(seen) then return 'blocked|' .. known_wrong(seen) end
    for n = 0, n_copies + n_notices - 1 do
      local inbox = K[copy_keys + n]
      if not stream(inbox) then return 'blocked|' .. inbox end
    end
    for n = 0, n_copies - 1 do
      local party = A[copies + COPY * n]
      unfinished[party] = unfinished[party] or count_open(open, party)
      if not unfinished[party] then return 'blocked|' .. open end
      if unfinished[party] >= room and not seen.parties[party] then
        return 'blocked|inbox-full:' .. party
      end
    end
    if parked ~= '' and not (stream(K[3]) and stream(K[4])) then
      return 'blocked|' .. (good[K[3]] and K[4] or K[3])
    end
    local original
    if original_key then
      value, wrong = get(original_key)
      if wrong then return 'blocked|' .. original_key end
      if not value then return 'changed' end
      original = read_seen(value)
      if not same_parties(original.parties, expected) then return 'changed' end
    end

    -- Write.
    if not fence() then return 'gone' end
    write_record(head, audit, record)
    for n = 0, n_copies - 1 do
      local i = copies + COPY * n
      if not seen.parties[A[i]] then
        unfinished[A[i]] = deliver(K[copy_keys + n], open, seen, A, i)
      end
    end
    for n = 0, n_notices - 1 do
      notify(K[notice_keys + n], room, A, notices + COPY * n)
    end
    if seen_key then
      if seen.sender == '' then seen.sender = sender end
      write_seen(seen_key, seen, ttl)
    end
    if original then
      original[corrects == 'w' and 'withdrawn' or 'corrected'] = true
      write_seen(original_key, original, ttl)
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

-- KEYS: head audit seen delivery open, then the inbox of the notice and of the copy, when there are.
-- ARGV: lifetime of `seen` (ms), room of an inbox, party, name, act, state after it (empty: as it is),
--   time, record, record of a refusal, states it is allowed from, states in which it is done already,
--   notice (1), copy (1), then notice and copy.
-- Returns the outcome and the state: done, already, not-allowed, unknown, withdrawn, corrected, full;
-- or blocked and what stands in the way.
local function act(K, A)
  local head, audit, seen_key, delivery, open = K[1], K[2], K[3], K[4], K[5]
  local ttl, room, party, name, ref = A[1], tonumber(A[2]), A[3], A[4], A[5]
  local has_notice, has_copy = A[12] == '1', A[13] == '1'
  local k, a = 6, 14
  local notice_key, notice, copy_key, copy
  if has_notice then
    notice_key, notice = K[k], a
    k, a = k + 1, a + COPY
  end
  if has_copy then copy_key, copy = K[k], a end

  if not is_a(head, 'hash') then return { 'blocked', head } end
  if not is_a(audit, 'stream') then return { 'blocked', audit } end
  if not is_a(delivery, 'hash') then return { 'blocked', delivery } end
  if not is_a(open, 'hash') then return { 'blocked', open } end
  if has_notice and not is_a(notice_key, 'stream') then return { 'blocked', notice_key } end
  if has_copy and not is_a(copy_key, 'stream') then return { 'blocked', copy_key } end
  local value, wrong = get(seen_key)
  if wrong then return { 'blocked', seen_key } end

  local seen = read_seen(value or '')
  local known = redis.call('HMGET', delivery, 'state', 'act:' .. ref)
  local state = known[1] or 'delivered'
  local function refused(outcome, now)
    write_record(head, audit, A[9])
    return { outcome, now }
  end
  if known[2] then return { 'already', state } end
  if not seen.parties[party] and not known[1] then return refused('unknown', '') end
  if contains(A[11], state) then return { 'already', state } end
  if not contains(A[10], state) then return refused('not-allowed', state) end
  if has_copy and known_wrong(seen) then return refused(known_wrong(seen), state) end
  local passes_on = has_copy and not seen.parties[A[copy]]
  if passes_on and count_open(open, A[copy]) >= room then return refused('full', state) end
  local after = A[6] == '' and state or A[6]
  local finishes = UNFINISHED[state] and not UNFINISHED[after] and count_open(open, party) > 0

  write_record(head, audit, A[8])
  redis.call('HSET', delivery, 'state', after, 'at', A[7], 'act:' .. ref, name)
  if finishes then redis.call('HINCRBY', open, party, -1) end
  if passes_on then
    deliver(copy_key, open, seen, A, copy)
    write_seen(seen_key, seen, ttl)
  end
  if has_notice then notify(notice_key, room, A, notice) end
  return { 'done', after }
end

-- KEYS: head audit. ARGV: record. Returns its seq, or the key that stands in the way.
local function note(K, A)
  if not is_a(K[1], 'hash') then return K[1] end
  if not is_a(K[2], 'stream') then return K[2] end
  return write_record(K[1], K[2], A[1])
end

-- KEYS: the intake of each entry. ARGV: reader group, then for each entry: the entry, and the number of
--   deliveries when it was handed out.
-- Takes that hand-out off the number; its reader and how long it has had it stay as they are. An entry
-- that was handed out again, or excused before, is left alone: so the same call again is safe.
local function excuse(K, A)
  local group = A[1]
  for n = 1, #K do
    local entry, deliveries = A[2 * n], tonumber(A[2 * n + 1])
    local found = redis.call('XPENDING', K[n], group, entry, entry, 1)[1]
    if found and found[4] == deliveries then
      redis.call('XCLAIM', K[n], group, found[2], 0, entry, 'IDLE', found[3],
        'RETRYCOUNT', deliveries - 1, 'JUSTID')
    end
  end
  return #K
end

redis.register_function('seinhuis_route_@VERSION@', route)
redis.register_function('seinhuis_act_@VERSION@', act)
redis.register_function('seinhuis_note_@VERSION@', note)
-- A server that is full is why there is something to excuse; and this takes no memory.
redis.register_function{
  function_name = 'seinhuis_excuse_@VERSION@', callback = excuse, flags = { 'allow-oom' }
}
