-- One act of a recipient: see Act in ports.py.

-- Whether a word is in a list with commas.
local function contains(list, word)
  return string.find(',' .. list .. ',', ',' .. word .. ',', 1, true) ~= nil
end

-- KEYS: head audit sealed seen delivery open and the keys of what the act is about, then the inbox and
--   the keys of the notice and of the copy, when there are.
-- ARGV: lifetime of `seen` (ms), room of an inbox, how many records may be unsealed, and how long (ms),
--   party, name, act, state after it (empty: as it is), time, record, record of a refusal, record of
--   what is done already (empty: none), person, states it is allowed from, states in which it is done
--   already, notice (1), copy (1), then notice and copy.
-- Returns the outcome and the state: done, already, not-allowed, unknown, withdrawn, corrected, full;
-- or unsealed; or blocked and what stands in the way.
local function act(K, A)
  local audit, seen_key, delivery, open = K[2], K[4], K[5], K[6]
  local ttl, room, party, name, ref, at = A[1], tonumber(A[2]), A[5], A[6], A[7], A[9]
  local again, person = A[12], A[13]
  local has_notice, has_copy = A[16] == '1', A[17] == '1'
  local k, a = 8, 18
  local notice_at, notice, copy_at, copy
  if has_notice then
    notice_at, notice = k, a
    k, a = k + 2, a + COPY
  end
  if has_copy then copy_at, copy = k, a end

  local records, wrong = open_records(K[1], audit, K[3], tonumber(A[3]), tonumber(A[4]))
  if not records then return { 'blocked', wrong } end
  if not is_a(audit, 'stream') then return { 'blocked', audit } end
  if not is_a(delivery, 'hash') then return { 'blocked', delivery } end
  if not is_a(open, 'hash') then return { 'blocked', open } end
  wrong = has_notice and wrong_place(K[notice_at], K[notice_at + 1])
    or has_copy and wrong_place(K[copy_at], K[copy_at + 1])
  if wrong then return { 'blocked', wrong } end
  if not is_a(K[7], 'hash') then return { 'blocked', K[7] } end
  local value
  value, wrong = get(seen_key)
  if wrong then return { 'blocked', seen_key } end
  if records.unsealed then return { 'unsealed', '' } end

  local seen = read_seen(value or '')
  local known = redis.call('HMGET', delivery, 'state', 'act:' .. ref, 'finished', 'erased')
  local state, finished, erased = known[1] or 'delivered', known[3], known[4]
  local function refused(outcome, now)
    write_record(records, A[11], person)
    return { outcome, now }
  end
  local function remember(now)
    redis.call('HSET', delivery, 'state', now, 'at', at, 'act:' .. ref, name)
    redis.call('PEXPIRE', delivery, ttl, 'GT') -- longer, when it is to end at all
  end
  if known[2] then return { 'already', state } end
  -- A notice with text, or a copy older than the duplicate check: who has its key, has it.
  local has_it = seen.parties[party] or known[1] or redis.call('HGET', K[7], party)
  if not has_it then return refused('unknown', '') end
  if contains(A[15], state) then
    if again ~= '' then
      write_record(records, again, person)
      remember(state)
    end
    return { 'already', state }
  end
  if not contains(A[14], state) then return refused('not-allowed', state) end
  if has_copy and known_wrong(seen) then return refused(known_wrong(seen), state) end
  local passes_on = has_copy and not seen.parties[A[copy]]
  if passes_on and count_open(open, A[copy]) >= room then return refused('full', state) end
  local after = A[8] == '' and state or A[8]
  local finishes = UNFINISHED[state] and not UNFINISHED[after]

  write_record(records, A[10], person)
  remember(after)
  if finishes then
    if not finished then redis.call('HSET', delivery, 'finished', at) end
    -- An erased copy takes up no room any more.
    if not erased and count_open(open, party) > 0 then redis.call('HINCRBY', open, party, -1) end
  end
  if passes_on then
    local count = deliver(K[copy_at], K[copy_at + 1], seen, A, copy)
    redis.call('HINCRBY', open, A[copy], count)
    write_seen(seen_key, seen, ttl)
  end
  if has_notice then notify(K[notice_at], K[notice_at + 1], room, A, notice) end
  return { 'done', after }
end

redis.register_function('seinhuis_act_@VERSION@', act)
