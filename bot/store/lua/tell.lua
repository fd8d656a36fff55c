-- ARGV: channel, word
return call('PUBLISH', ARGV[1], ARGV[2])
