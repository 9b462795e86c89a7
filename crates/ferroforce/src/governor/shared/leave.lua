-- A call is over.
--
-- ARGV: the member; 1 if it never left; what its answer said of the org's quota, consumed and
-- limit, or -1 twice; the same of the app's, and its name; 1 if the daily limit was reached, 2
-- if too much takes long
local member, unsent = ARGV[1], ARGV[2] == '1'
local consumed, limit = tonumber(ARGV[3]), tonumber(ARGV[4])
local app_consumed, app_limit, app = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local reached = ARGV[8]
local _, calls, share = parts(member)

bury()
local was_there = redis.call('ZREM', flight, member) == 1
if was_there and unsent then
  -- In the hour in which it was entered, or in the one after it.
  for _, at in ipairs({ hour, hour - 1 }) do
    if tonumber(redis.call('HGET', used, at) or 0) >= calls then
      redis.call('HINCRBY', used, at, -calls)
      break
    end
  end
end

if consumed >= 0 then
  hear('org', consumed, limit)
  if app_consumed >= 0 then
    hear('app ' .. app, app_consumed, app_limit)
    redis.call('HSET', said, 'app of ' .. share, app)
  end
elseif was_there and not unsent then
  charge(share, calls)
end

if reached == '1' then
  local known, most = number('org consumed') or 0, number('org limit') or 0
  hear('org', math.max(known, most), most)
elseif reached == '2' then
  redis.call('HSET', said, 'held', now + HELD)
end
touch()
return 1
