printf 1 > f; chmod 6755 f; printf 2 > g
