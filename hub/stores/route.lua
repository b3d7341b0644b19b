-- A batch of steps: see Step in ports.py.
--
-- What every step of a batch has to look at is looked at for all of them at once, and what every
-- step has to write is written for all of them at the end, where that is possible: a command costs
-- more than what it does. All in one call is one moment, so nobody sees the difference.

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

-- Send a command with a part of `list` at a time.
local function in_parts(command, key, list)
  for from = 1, #list, MOST do
    redis.call(command, key, unpack(list, from, math.min(from + MOST - 1, #list)))
  end
end

-- The values of the keys `first` to `last` of K, by number from 1; a key of another type has none.
local function get_all(K, first, last)
  local values = {}
  for from = first, last, MOST do
    local found = redis.call('MGET', unpack(K, from, math.min(from + MOST - 1, last)))
    for n = 1, #found do values[#values + 1] = found[n] end
  end
  return values
end

local function any_exists(list)
  for from = 1, #list, MOST do
    if redis.call('EXISTS', unpack(list, from, math.min(from + MOST - 1, #list))) > 0 then
      return true
    end
  end
  return false
end

-- How many copies the parties `first` to `last` of A have not finished, by party; nil: the key is not
-- what it should be.
local function count_all_open(open, A, first, last)
  local counts = {}
  for from = first, last, MOST do
    local to = math.min(from + MOST - 1, last)
    local found = redis.pcall('HMGET', open, unpack(A, from, to))
    if found['err'] then return nil end
    for n = from, to do counts[A[n]] = tonumber(found[n - from + 1] or 0) end
  end
  return counts
end

-- KEYS: head audit sealed held dead open lease, then `seen` of each message, then the keys of each
--   message, then the inbox of each party; then for each step: its queue; when it corrects `seen` of
--   the original, and the delivery of whom it expects to have received that; the keys of the message
--   of each notice.
-- ARGV: lifetime of `seen` (ms), room of an inbox (unfinished copies; notices: twice as many entries),
--   how many records may be unsealed, and how long (ms), reader group, token of the lease (empty: who
--   has the lease does not matter), number of messages, number of parties, the parties, then for each
--   step:
--     queue (in, held, dead), entry, record, duplicate record, number of its message (0: none), number
--     of copies, number of notices, parked (h, d, hd), corrects (c, w), whom it expects to have
--     received it, sender, person
--   and its copies, its notices (of both instead of the party its number), its parked events.
-- Returns a word for each step: done, duplicate, gone, changed, fenced, or blocked|<key or what it is>.
--   After a step that a full inbox blocks the others are blocked|after-full: they may be of the same
--   case, and would overtake it.
local function route(K, A)
  local audit, held, dead, open = K[2], K[4], K[5], K[6]
  local ttl, room, group, token = A[1], tonumber(A[2]), A[5], A[6]
  local messages, parties = tonumber(A[7]), tonumber(A[8])
  local inboxes = 7 + 2 * messages -- that of party n is key inboxes + n
  local k, a = inboxes + parties + 1, 9 + parties
  local in_turn, worker, was_full = {}, nil, false
  if token ~= '' then
    local of
    worker, of = read_lease(K[7])
    if of ~= token then worker = nil end
  end
  local records, wrong_records = open_records(K[1], audit, K[3], tonumber(A[3]), tonumber(A[4]))
  if records then records.in_batch = records.seq end
  local results, good, delivered, done = {}, {}, {}, {}

  -- Look at every message and every party at once. `clean`: of a message without a value there is
  -- really nothing, neither under `seen` (MGET says nothing of what is no string) nor any key.
  local values = get_all(K, 8, 7 + messages)
  local nothing = {}
  for n = 1, messages do
    if not values[n] then
      nothing[#nothing + 1] = K[7 + n]
      nothing[#nothing + 1] = K[7 + messages + n]
    end
  end
  local clean = not any_exists(nothing)
  local unfinished = count_all_open(open, A, 9, 8 + parties)

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

  -- Whether the entry was still there to be done, by us: it is not any more. Those of an intake are
  -- removed at the end.
  local function fence(queue, key, entry)
    if queue ~= 'in' then return redis.pcall('XDEL', key, entry) == 1 end
    if redis.pcall('XACK', key, group, entry) ~= 1 then return false end
    local list = done[key]
    if not list then
      list = {}
      done[key] = list
    end
    list[#list + 1] = entry
    return true
  end

  local function step()
    local queue_key, queue, entry, record = K[k], A[a], A[a + 1], A[a + 2]
    local message, n_copies, n_notices = tonumber(A[a + 4]), tonumber(A[a + 5]), tonumber(A[a + 6])
    local parked, corrects = A[a + 7], A[a + 8]
    local duplicate_record, expected, sender, person = A[a + 3], A[a + 9], A[a + 10], A[a + 11]
    local copies = a + HEADER
    local notices = copies + COPY * n_copies
    local park = notices + COPY * n_notices
    local original_key
    k = k + 1
    if corrects ~= '' then
      original_key = K[k]
      k = k + 1
    end
    local deliveries = k
    if corrects ~= '' then
      for _ in string.gmatch(expected, '[^,]+') do k = k + 1 end
    end
    local notice_keys = k
    k = notice_keys + n_notices
    a = park + PARKED * #parked

    -- Look.
    if was_full then return 'blocked|after-full' end
    if token ~= '' and not is_ours(queue_key, entry) then return 'fenced' end
    if not records then return 'blocked|' .. wrong_records end
    if not stream(audit) then return 'blocked|' .. audit end
    if records.unsealed then return 'blocked|unsealed' end
    if not stream(queue_key) then return 'blocked|' .. queue_key end
    local seen_key, key, value, wrong
    local is_new = clean
    if message > 0 then
      seen_key, key, value = K[7 + message], K[7 + messages + message], values[message]
      if not value and not clean then
        value, wrong = get(seen_key)
        if wrong then return 'blocked|' .. seen_key end
      end
    end

    if value and queue == 'in' then
      if not fence(queue, queue_key, entry) then return 'gone' end
      if duplicate_record ~= '' then write_record(records, duplicate_record, person) end
      return 'duplicate'
    end

    local seen = value and read_seen(value) or { parts = {}, parties = {}, sender = '' }
    if n_copies > 0 then
      if known_wrong(seen) then return 'blocked|' .. known_wrong(seen) end
      if not unfinished then return 'blocked|' .. open end
      if value or not clean then
        is_new = false
        if not is_a(key, 'hash') then return 'blocked|' .. key end
      end
    end
    for i = copies, park - 1, COPY do
      local inbox = K[inboxes + A[i]]
      if not stream(inbox) then return 'blocked|' .. inbox end
      if i < notices then
        local party = A[8 + A[i]]
        if unfinished[party] >= room and not seen.parties[party] then
          was_full = true
          return 'blocked|inbox-full:' .. party
        end
      end
    end
    for n = 0, n_notices - 1 do
      if A[notices + COPY * n + 5] ~= '' and not is_a(K[notice_keys + n], 'hash') then
        return 'blocked|' .. K[notice_keys + n]
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
    if not fence(queue, queue_key, entry) then return 'gone' end
    write_record(records, record, person)
    local new_keys = {}
    for i = copies, notices - 1, COPY do
      local number = A[i]
      local party, inbox = A[8 + number], K[inboxes + number]
      if not seen.parties[party] then
        local count = 1
        A[i] = party
        if is_new then
          if A[i + 5] ~= '' then
            new_keys[#new_keys + 1] = party
            new_keys[#new_keys + 1] = A[i + 5]
          end
          remember(seen, party, write_entry(inbox, A, i))
        else
          count = deliver(inbox, key, seen, A, i)
        end
        unfinished[party] = unfinished[party] + count
        if count > 0 then delivered[party] = true end
      end
    end
    in_parts('HSET', key, new_keys)
    for n = 0, n_notices - 1 do
      local i = notices + COPY * n
      local inbox = K[inboxes + A[i]]
      A[i] = A[8 + A[i]]
      notify(inbox, K[notice_keys + n], room, A, i)
    end
    if message > 0 then
      if seen.sender == '' then seen.sender = sender end
      values[message] = write_seen(seen_key, seen, ttl)
    end
    if original then
      original[corrects == 'w' and 'withdrawn' or 'corrected'] = true
      local now = write_seen(original_key, original, ttl)
      for n = 1, messages do
        if K[7 + n] == original_key then values[n] = now end
      end
      -- What is known of a message lives on, so what became of its erased copies must too.
      for n = deliveries, notice_keys - 1 do redis.call('PEXPIRE', K[n], ttl, 'GT') end
    end
    for n = 1, #parked do
      local kind = string.sub(parked, n, n)
      write_parked(kind == 'h' and held or dead, A, park + PARKED * (n - 1))
    end
    return 'done'
  end

  local count = #A
  local went_well, problem = pcall(function()
    while a <= count do
      results[#results + 1] = step()
    end
  end)
  -- What is written once for all steps: also when one of them failed, which none should. A number that
  -- was used and not kept would be given again.
  local function at_the_end(...)
    local ended_well, reason = pcall(...)
    if went_well and not ended_well then went_well, problem = false, reason end
  end
  if records and records.seq > records.in_batch then
    at_the_end(redis.call, 'HSET', records.head, 'seq', records.seq)
  end
  local counts = {}
  for party in pairs(delivered) do
    counts[#counts + 1] = party
    counts[#counts + 1] = unfinished[party]
  end
  at_the_end(in_parts, 'HSET', open, counts)
  for queue, entries in pairs(done) do at_the_end(in_parts, 'XDEL', queue, entries) end
  if not went_well then error(problem, 0) end
  return results
end

redis.register_function('seinhuis_route_@VERSION@', route)
