#!lua name=seinhuis_@VERSION@

-- Everything that must happen as a whole, on the server: route (a batch of steps; route.lua), act
-- (act.lua), erase and replace_key (erase.lua), lease, release and workers (lease.lua), and here note,
-- excuse, and what they share. The files are loaded as one.
--
-- Commands of Redis 7.0 only. Every key is declared, and all keys of a call are in one slot.
--
-- A script that fails halfway is not rolled back. So every step first looks at all that could go
-- wrong, and writes only then: the fence, the duplicate check, the record, the copies. Nothing after
-- the fence can fail.
--
-- @VERSION@ is made from the text. It is in the names, so that workers of two versions can run side
-- by side: each calls the functions that it was written for.
--
-- What stands in each key, and how a value is written, is in keys.py.

-- Arguments of a copy: party message type about content key. Its keys are two: the inbox, and where
-- the keys of that message are.
local COPY = 6

-- Commands with more words than this go in parts: what Lua can hand over at once has a limit.
local MOST = 1000

-- The states in which a copy still takes up room in the inbox of its party.
local UNFINISHED = { delivered = true, opened = true }

-- What `seen` says: the parts of its text, a set of the parties, who sent it, what became of it.
local function read_seen(value)
  local text, flags = string.match(value, '^([^;]*)(.*)$')
  local parties = {}
  for party in string.gmatch(text, '([^,=]+)=') do
    parties[party] = true
  end
  return {
    parts = text == '' and {} or { text },
    parties = parties,
    sender = string.match(flags, ';from=([^;]*)') or '',
    withdrawn = string.find(flags, ';withdrawn', 1, true) ~= nil,
    corrected = string.find(flags, ';corrected', 1, true) ~= nil,
  }
end

local function write_seen(key, seen, ttl)
  local value = table.concat(seen.parts, ',') .. ';from=' .. seen.sender
  if seen.withdrawn then value = value .. ';withdrawn' end
  if seen.corrected then value = value .. ';corrected' end
  redis.call('SET', key, value, 'PX', ttl)
  return value
end

-- Why nobody gets a further copy: withdrawn, corrected, or nil.
local function known_wrong(seen)
  return seen.withdrawn and 'withdrawn' or seen.corrected and 'corrected' or nil
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

-- Where the records of a shard go on: once for each call. Or nil, and the key that stands in the way.
--
-- `unsealed` says that nothing new is to be accepted: `most` records wait for the sealer, or it has
-- sealed nothing for `longest` ms while there was something to seal. That time counts from `since`,
-- when what waits began to wait: after a quiet night the last seal is long ago, and nothing is wrong.
local function open_records(head, audit, sealed, most, longest)
  local kept = redis.pcall('HMGET', head, 'seq', 'since')
  if kept['err'] then return nil, head end
  local done = redis.pcall('HMGET', sealed, 'seq', 'at')
  if done['err'] then return nil, sealed end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local waiting = (kept[1] or 0) - (done[1] or 0)
  local since = math.max(kept[2] or 0, done[2] or 0)
  return {
    head = head,
    audit = audit,
    seq = tonumber(kept[1] or 0),
    now = now,
    none_waits = waiting <= 0,
    unsealed = waiting >= most or (waiting > 0 and now - since >= longest),
  }
end

-- Write a record with the next number. Of a batch the number is kept by the caller, who writes it to
-- `head` when all is done, whatever happens in between.
local function write_record(records, record, person)
  if records.none_waits then
    redis.call('HSET', records.head, 'since', string.format('%.0f', records.now))
    records.none_waits = false
  end
  records.seq = records.seq + 1
  local seq = records.seq
  if not records.in_batch then redis.call('HSET', records.head, 'seq', seq) end
  if person == '' then
    redis.call('XADD', records.audit, '*', 'seq', seq, 'record', record)
  else
    redis.call('XADD', records.audit, '*', 'seq', seq, 'record', record, 'person', person)
  end
  return seq
end

-- Write the entry of the copy whose arguments begin at `i`; return its id.
local function write_entry(inbox, a, i)
  return redis.call('XADD', inbox, '*', 'message', a[i + 1], 'type', a[i + 2], 'about', a[i + 3],
    'copy', a[i + 4])
end

local function remember(seen, party, id)
  seen.parties[party] = true
  seen.parts[#seen.parts + 1] = party .. '=' .. id
end

-- Deliver the copy whose arguments begin at `i`: its key, into the inbox, and into what is seen. The
-- caller writes `seen`, and counts it as open when this returns 1; 0: there is a key already, so the
-- party has it since longer than the message is known (a legal hold), and nobody remembers where.
-- Another key in its place would be one that does not open what the party has.
local function deliver(inbox, key, seen, a, i)
  if a[i + 5] ~= '' and redis.call('HSETNX', key, a[i], a[i + 5]) == 0 then
    remember(seen, a[i], '')
    return 0
  end
  remember(seen, a[i], write_entry(inbox, a, i))
  return 1
end

-- Tell the sender, unless it has stopped reading: its inbox must not block anybody else.
local function notify(inbox, key, room, a, i)
  if redis.call('XLEN', inbox) >= 2 * room then return end
  if a[i + 5] ~= '' and redis.call('HSETNX', key, a[i], a[i + 5]) == 0 then return end
  redis.call('XADD', inbox, '*', 'message', a[i + 1], 'type', a[i + 2], 'about', a[i + 3],
    'copy', a[i + 4], 'notice', '1')
end

-- The key that stands in the way of a copy or notice: of the wrong type, or nil.
local function wrong_place(inbox, key)
  if not is_a(inbox, 'stream') then return inbox end
  if not is_a(key, 'hash') then return key end
end

-- How many copies a party has not finished, or nil when the key is not what it should be.
local function count_open(open, party)
  local count = redis.pcall('HGET', open, party)
  if type(count) == 'table' then return nil end
  return tonumber(count or 0)
end

-- Who has a lease, and under which token; nil: nobody. A key of the wrong type raises.
local function read_lease(key)
  local value = redis.call('GET', key)
  if not value then return nil end
  return string.match(value, '^(.*)|([^|]*)$')
end

-- The two numbers of an entry id.
local function numbers(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end

-- The oldest entry of an intake that somebody else than `worker` was handed and that is not finished;
-- nil: there is none. What comes after it is not next: it would overtake. No such worker is at work, or
-- it would have the lease; but one that was stopped and goes on may read once more before it knows.
local function oldest_of_others(intake, group, worker)
  local ms, n
  local pending = redis.pcall('XPENDING', intake, group)
  for _, consumer in ipairs(pending[4] or {}) do
    if consumer[1] ~= worker then
      local first = redis.call('XPENDING', intake, group, '-', '+', 1, consumer[1])[1]
      local first_ms, first_n = numbers(first[1])
      if not ms or first_ms < ms or first_ms == ms and first_n < n then
        ms, n = first_ms, first_n
      end
    end
  end
  return ms, n
end

-- KEYS: head audit sealed. ARGV: record, person. Returns its seq, or the key that stands in the way.
-- Never refused for what is unsealed: that the hub stops must be on record too.
local function note(K, A)
  local records, wrong = open_records(K[1], K[2], K[3], math.huge, math.huge)
  if not records then return wrong end
  if not is_a(K[2], 'stream') then return K[2] end
  return write_record(records, A[1], A[2])
end

-- KEYS: the intake of each entry. ARGV: reader group, then for each entry: the entry, and its number
--   of deliveries with this hand-out.
-- Takes the hand-out off that number; who has the entry, and since when, stays as it is. An entry that
-- was handed out again, or excused before, is left alone: so the same call again is safe.
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

redis.register_function('seinhuis_note_@VERSION@', note)
-- A server that is full is why there is something to excuse; and this takes no memory.
redis.register_function{
  function_name = 'seinhuis_excuse_@VERSION@', callback = excuse, flags = { 'allow-oom' }
}
