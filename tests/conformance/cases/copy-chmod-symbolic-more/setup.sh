mkdir -p d/sub; printf 1 > d/f; printf 2 > d/x; chmod 755 d/x; chmod 750 d/sub
