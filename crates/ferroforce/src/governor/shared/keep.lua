-- A call is still under way.
--
-- ARGV: the member, its lease in ms
--
-- One whose lease has ended meanwhile is under way all the same.
redis.call('ZADD', flight, now + tonumber(ARGV[2]), ARGV[1])
touch()
return 1
