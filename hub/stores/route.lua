-- A batch of steps: see Step in ports.py.

local PARKED = 6  -- arguments of a parked event: event reasons message type sender key
local HEADER = 12 -- arguments of a step, before its copies

local function same_parties(parties, expected)
  local count = 0
  for party in string.gmatch(expected, '[^,]+') do
    if not parties[party] then return false end
    count = count + 1
  end
  for _ in pairs(parties) do count = count - 1 end
  return count == 0
end

local function write_parked(stream, a, i)
  redis.call('XADD', stream, '*', 'event', a[i], 'reasons', a[i + 1], 'message', a[i + 2],
    'type', a[i + 3], 'sender', a[i + 4], 'key', a[i + 5])
end

-- Whether the entry was still there to be done, by us: it is not any more.
local function fence(queue, key, group, entry)
  if queue == 'in' then
    if redis.pcall('XACK', key, group, entry) ~= 1 then return false end
    redis.call('XDEL', key, entry)
    return true
  end
  return redis.pcall('XDEL', key, entry) == 1
end

-- KEYS: head audit sealed held dead open lease, then for each step: its queue, `seen` when it has a message;
--   when it corrects `seen` of the original, and the delivery of whom it expects to have received that;
--   the inbox and the key of each copy and of each notice.
-- ARGV: lifetime of `seen` (ms), room of an inbox (unfinished copies; notices: twice as many entries),
--   how many records may be unsealed, and how long (ms), reader group, token of the lease (empty: who
--   has the lease does not matter), then for each step:
--     queue (in, held, dead), entry, record, duplicate record, has message (1), number of copies,
--     number of notices, parked (h, d, hd), corrects (c, w), whom it expects to have received it,
--     sender, person
--   and its copies, its notices, its parked events.
-- Returns a word for each step: done, duplicate, gone, changed, fenced, or blocked|<key or what it is>.
local function route(K, A)
  local audit, held, dead, open = K[2], K[4], K[5], K[6]
  local ttl, room, group, token = A[1], tonumber(A[2]), A[5], A[6]
  local k, a = 8, 7
  local in_turn, worker = {}, nil
  if token ~= '' then
    local held
    worker, held = read_lease(K[7])
    if held ~= token then worker = nil end
  end
  local records, wrong_records = open_records(K[1], audit, K[3], tonumber(A[3]), tonumber(A[4]))
  local results, good, unfinished, delivered = {}, {}, {}, {}

  local function stream(key)
    local known = good[key]
    if known == nil then
      known = is_a(key, 'stream')
      good[key] = known
    end
    return known
  end

  -- Whether it is for us to write this entry of a queue, and now: the queue is looked at once.
  local function is_ours(queue, entry)
    if not worker then return false end
    local others = in_turn[queue]
    if others == nil then
      others = { oldest_of_others(queue, group, worker) }
      in_turn[queue] = others
    end
    if not others[1] then return true end
    local ms, n = numbers(entry)
    return ms < others[1] or ms == others[1] and n < others[2]
  end

  local function step()
    local queue_key, queue, entry, record = K[k], A[a], A[a + 1], A[a + 2]
    local n_copies, n_notices = tonumber(A[a + 5]), tonumber(A[a + 6])
    local parked, corrects = A[a + 7], A[a + 8]
    local duplicate_record, expected, sender, person = A[a + 3], A[a + 9], A[a + 10], A[a + 11]
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
    local deliveries = k
    if corrects ~= '' then
      for _ in string.gmatch(expected, '[^,]+') do k = k + 1 end
    end
    local copy_keys = k
    local notice_keys = k + 2 * n_copies
    k = notice_keys + 2 * n_notices
    a = park + PARKED * #parked

    -- Look.
    if token ~= '' and not is_ours(queue_key, entry) then return 'fenced' end
    if not records then return 'blocked|' .. wrong_records end
    if not stream(audit) then return 'blocked|' .. audit end
    if records.unsealed then return 'blocked|unsealed' end
    if not stream(queue_key) then return 'blocked|' .. queue_key end
    local value, wrong
    if seen_key then
      value, wrong = get(seen_key)
      if wrong then return 'blocked|' .. seen_key end
    end

    if value and queue == 'in' then
      if not fence(queue, queue_key, group, entry) then return 'gone' end
      if duplicate_record ~= '' then write_record(records, duplicate_record, person) end
      return 'duplicate'
    end

    local seen = value and read_seen(value) or { text = '', parties = {}, sender = '' }
    if n_copies > 0 and known_wrong(seen) then return 'blocked|' .. known_wrong(seen) end
    for n = 0, n_copies + n_notices - 1 do
      local inbox = K[copy_keys + 2 * n]
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
    if parked ~= '' and not (stream(held) and stream(dead)) then
      return 'blocked|' .. (good[held] and dead or held)
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
    if not fence(queue, queue_key, group, entry) then return 'gone' end
    write_record(records, record, person)
    for n = 0, n_copies - 1 do
      local i = copies + COPY * n
      if not seen.parties[A[i]] then
        local count = deliver(K[copy_keys + 2 * n], K[copy_keys + 2 * n + 1], seen, A, i)
        unfinished[A[i]] = unfinished[A[i]] + count
        delivered[A[i]] = (delivered[A[i]] or 0) + count
      end
    end
    for n = 0, n_notices - 1 do
      local i = notice_keys + 2 * n
      notify(K[i], K[i + 1], room, A, notices + COPY * n)
    end
    if seen_key then
      if seen.sender == '' then seen.sender = sender end
      write_seen(seen_key, seen, ttl)
    end
    if original then
      original[corrects == 'w' and 'withdrawn' or 'corrected'] = true
      write_seen(original_key, original, ttl)
      -- What is known of a message lives on, so what became of its erased copies must too.
      for n = deliveries, copy_keys - 1 do redis.call('PEXPIRE', K[n], ttl, 'GT') end
    end
    for n = 1, #parked do
      local kind = string.sub(parked, n, n)
      write_parked(kind == 'h' and held or dead, A, park + PARKED * (n - 1))
    end
    return 'done'
  end

  local count = #A
  while a <= count do
    results[#results + 1] = step()
  end
  -- Once for each party, not for each copy: a batch has many copies for few parties.
  for party, copies in pairs(delivered) do
    redis.call('HINCRBY', open, party, copies)
  end
  return results
end

redis.register_function('seinhuis_route_@VERSION@', route)
