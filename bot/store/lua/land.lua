-- What another shard has committed for this one. ARGV: now, also, bodies ... Landing it twice does no harm.
land(unpack_(ARGV[2]), tonumber(ARGV[1]), 3)
return DONE
