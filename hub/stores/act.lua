-- One act of a recipient: see Act in ports.py.

-- The states in which a copy still takes up room in the inbox of its party.
local UNFINISHED = { delivered = true, opened = true }

-- Whether a word is in a list with commas.
local function contains(list, word)
  return string.find(',' .. list .. ',', ',' .. word .. ',', 1, true) ~= nil
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
    deliver(copy_key, seen, A, copy)
    redis.call('HINCRBY', open, A[copy], 1)
    write_seen(seen_key, seen, ttl)
  end
  if has_notice then notify(notice_key, room, A, notice) end
  return { 'done', after }
end

redis.register_function('seinhuis_act_@VERSION@', act)
