-- What is going on: calls in flight, long ones among them, what is left of the quota or -1.
bury()
local in_flight, longs = 0, 0
for _, other in ipairs(redis.call('ZRANGE', flight, 0, -1)) do
  in_flight = in_flight + 1
  longs = longs + parts(other)
end
return { in_flight, longs, left('org') or -1 }
