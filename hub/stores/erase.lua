-- The content of copies goes, and the keys of copies change: see Erasure and replace_key in ports.py.

-- Whether a stream has this entry, for this message; and whether that is a notice.
local function find_copy(inbox, entry, message)
  local found = redis.pcall('XRANGE', inbox, entry, entry)
  if found['err'] or not found[1] then return false, false end
  local fields, matches, notice = found[1][2], false, false
  for n = 1, #fields, 2 do
    if fields[n] == 'message' then matches = fields[n + 1] == message end
    if fields[n] == 'notice' then notice = true end
  end
  return matches, notice
end

-- KEYS: head audit sealed open, then for each erasure: the keys of its message, the inbox and the
--   delivery of the copy, and the inbox and the keys of the notice, when there is one.
-- ARGV: how long it is remembered that a copy was erased (ms), room of an inbox, then for each erasure:
--   party, message, entry, time, record, person, notice (1), and then the notice.
-- Returns for each erasure 1, or 0 when it was erased before, or the key that stands in the way.
-- Never refused for what is unsealed: what must go, goes.
local function erase(K, A)
  local audit, open = K[2], K[4]
  local ttl, room = A[1], tonumber(A[2])
  local k, a = 5, 3
  local records, wrong = open_records(K[1], audit, K[3], math.huge, math.huge)
  if records and not is_a(audit, 'stream') then wrong = audit end
  if records and not is_a(open, 'hash') then wrong = open end

  local function step()
    local key, inbox, delivery = K[k], K[k + 1], K[k + 2]
    local party, message, entry, at, record, person = unpack(A, a, a + 5)
    local notice_at, notice
    k, a = k + 3, a + 7
    if A[a - 1] == '1' then
      notice_at, notice = k, a
      k, a = k + 2, a + COPY
    end

    -- Look.
    if wrong then return wrong end
    if not is_a(inbox, 'stream') then return inbox end
    if not is_a(delivery, 'hash') then return delivery end
    if not is_a(key, 'hash') then return key end
    local in_the_way = notice and wrong_place(K[notice_at], K[notice_at + 1])
    if in_the_way then return in_the_way end
    local found, is_notice = find_copy(inbox, entry, message)
    if not found and not redis.call('HGET', key, party) then return 0 end
    local known = redis.call('HMGET', delivery, 'state', 'erased')

    -- Write.
    write_record(records, record, person)
    redis.call('HDEL', key, party)
    if found then redis.call('XDEL', inbox, entry) end
    if (found and not is_notice) or known[1] then -- there are no acts on a notice
      local state = known[1] or 'delivered'
      redis.call('HSET', delivery, 'state', state, 'erased', at)
      redis.call('PEXPIRE', delivery, ttl)
      if UNFINISHED[state] and not known[2] and count_open(open, party) > 0 then
        redis.call('HINCRBY', open, party, -1)
      end
    end
    if notice then notify(K[notice_at], K[notice_at + 1], room, A, notice) end
    return 1
  end

  local results, count = {}, #A
  while a <= count do results[#results + 1] = step() end
  return results
end

-- KEYS: the keys of a message. ARGV: party, what its key must be now, what it becomes. Returns 1, or 0
-- when it was not.
local function replace_key(K, A)
  if redis.pcall('HGET', K[1], A[1]) ~= A[2] then return 0 end
  redis.call('HSET', K[1], A[1], A[3])
  return 1
end

redis.register_function('seinhuis_erase_@VERSION@', erase)
redis.register_function('seinhuis_replace_key_@VERSION@', replace_key)
