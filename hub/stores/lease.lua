-- One reader for each shard: see lease, release and workers in ports.py.

-- KEYS: lease. ARGV: worker, token, how long (ms).
-- Returns 1: it is ours; 0: it is another's; -1: a later process with our name has it.
local function lease(K, A)
  local worker, token = A[1], A[2]
  local holder, held = read_lease(K[1])
  if holder and holder ~= worker then return 0 end
  -- A later process has a larger instance, and keeps what it took over.
  if holder and string.match(token, '^[^.]*') < string.match(held, '^[^.]*') then return -1 end
  redis.call('SET', K[1], worker .. '|' .. token, 'PX', A[3])
  return 1
end

-- KEYS: lease. ARGV: worker, token. Returns 1, or 0 when it was not ours.
local function release(K, A)
  local holder, held = read_lease(K[1])
  if holder ~= A[1] or held ~= A[2] then return 0 end
  return redis.call('DEL', K[1])
end

-- KEYS: workers. ARGV: worker, for how long it lives (ms; 0: no longer). Returns all that live.
-- Who has not said so in time is forgotten.
local function workers(K, A)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local longest = tonumber(A[2])
  if longest > 0 then
    redis.call('HSET', K[1], A[1], string.format('%.0f', now + longest))
  else
    redis.call('HDEL', K[1], A[1])
  end
  local living, found = {}, redis.call('HGETALL', K[1])
  for n = 1, #found, 2 do
    if tonumber(found[n + 1]) > now then
      living[#living + 1] = found[n]
    else
      redis.call('HDEL', K[1], found[n])
    end
  end
  return living
end

-- Also on a server that is full: its readers must not change over that.
redis.register_function{
  function_name = 'seinhuis_lease_@VERSION@', callback = lease, flags = { 'allow-oom' }
}
redis.register_function{
  function_name = 'seinhuis_release_@VERSION@', callback = release, flags = { 'allow-oom' }
}
redis.register_function{
  function_name = 'seinhuis_workers_@VERSION@', callback = workers, flags = { 'allow-oom' }
}
