-- Decides as decide.rs does, and enters the call if it may go.
--
-- ARGV: the member, its lease in ms, and then numbers, where a negative one says that there is
-- no such limit: calls in flight and long ones, the share's calls in flight, its calls a day,
-- its floor, its floor of the app's quota
--
-- Gives 0 (go), 1 (wait), or why not: 2 (the org's floor), 3 (the app's floor), 4 (the share
-- is spent), each with two numbers.
local member, lease = ARGV[1], tonumber(ARGV[2])
local in_flight_max, long_max = tonumber(ARGV[3]), tonumber(ARGV[4])
local mine_max, budget = tonumber(ARGV[5]), tonumber(ARGV[6])
local floor, app_floor = tonumber(ARGV[7]), tonumber(ARGV[8])
local long, calls, share = parts(member)

bury()
if redis.call('ZSCORE', flight, member) then
  -- Asked twice, since the first answer got lost.
  return { 0, 0, 0 }
end

local in_flight, longs, mine, pending = 0, 0, 0, 0
for _, other in ipairs(redis.call('ZRANGE', flight, 0, -1)) do
  local its_long, its_calls, its_share = parts(other)
  in_flight = in_flight + 1
  longs = longs + its_long
  pending = pending + its_calls
  if its_share == share then
    mine = mine + 1
  end
end

local sum, by_hour = 0, redis.call('HGETALL', used)
for at = 1, #by_hour, 2 do
  if tonumber(by_hour[at]) + 24 <= hour then
    redis.call('HDEL', used, by_hour[at])
  else
    sum = sum + tonumber(by_hour[at + 1])
  end
end
if budget >= 0 and sum + calls > budget then
  return { 4, sum, budget }
end

local unclear = false
local org = left('org')
local app = app_of(share)
for at, quota in ipairs({ { org, floor }, { app and left(app), app_floor } }) do
  local rest, keeps = quota[1], quota[2]
  if rest and keeps > 0 then
    if rest < keeps + calls then
      return { 1 + at, rest, keeps }
    end
    unclear = unclear or rest < keeps + calls + pending
  end
end
unclear = unclear or ((floor > 0 or app_floor > 0) and not org and pending > 0)

local full = in_flight >= in_flight_max or (mine_max >= 0 and mine >= mine_max)
if long > 0 then
  local held = number('held')
  full = full or longs >= long_max or (held and now < held)
end
if unclear or full then
  return { 1, 0, 0 }
end

redis.call('ZADD', flight, now + lease, member)
redis.call('HINCRBY', used, hour, calls)
touch()
return { 0, 0, 0 }
