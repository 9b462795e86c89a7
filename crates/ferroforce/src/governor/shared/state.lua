-- What is in flight and what is known of quotas, as in ledger.rs, for workers that share no
-- memory. Time is the server's, so clocks that differ or jump do no harm.
--
-- KEYS[1]  a sorted set of the calls in flight, by the moment when their lease ends; a member
--          is "id long calls share"
-- KEYS[2]  a hash of what answers said
-- KEYS[3]  a hash of the share's calls, by hour
local flight, said, used = KEYS[1], KEYS[2], KEYS[3]

local SETTLED, FORGOTTEN, HELD = 60000, 600000, 5000
local DAY = 86400000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local hour = math.floor(now / 3600000)

-- All of it goes by itself when nobody has worked for a day and a bit.
local function touch()
  for _, key in ipairs(KEYS) do
    redis.call('PEXPIRE', key, DAY + 3600000)
  end
end

local function number(field)
  return tonumber(redis.call('HGET', said, field) or nil)
end

local function hear(whose, consumed, limit)
  local known, raised = number(whose .. ' consumed'), number(whose .. ' raised')
  if not known or consumed >= known or now - raised > SETTLED then
    redis.call('HSET', said, whose .. ' consumed', consumed, whose .. ' raised', now)
  end
  redis.call('HSET', said, whose .. ' limit', limit, whose .. ' heard', now)
end

local function app_of(share)
  local app = redis.call('HGET', said, 'app of ' .. share)
  return app and 'app ' .. app or nil
end

-- What a call may have cost of which nobody said so.
local function charge(share, calls)
  for _, whose in ipairs({ 'org', app_of(share) }) do
    if number(whose .. ' consumed') then
      redis.call('HINCRBY', said, whose .. ' consumed', calls)
    end
  end
end

-- What is left of a quota, if that is known.
local function left(whose)
  local consumed, limit = number(whose .. ' consumed'), number(whose .. ' limit')
  if not consumed or now - number(whose .. ' heard') > FORGOTTEN then
    return nil
  end
  return math.max(limit - consumed, 0)
end

local function parts(member)
  local long, calls, share = string.match(member, '^%S+ (%d+) (%d+) (.*)$')
  return tonumber(long), tonumber(calls), share
end

-- The calls of workers that died: they may have been made, and hold no place.
local function bury()
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', flight, '-inf', now)) do
    local _, calls, share = parts(member)
    charge(share, calls)
    redis.call('ZREM', flight, member)
  end
end
