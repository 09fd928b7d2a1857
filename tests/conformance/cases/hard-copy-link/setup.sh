printf 1 > f
