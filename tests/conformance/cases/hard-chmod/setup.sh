mkdir -p d/s; printf 1 > d/f; chmod 600 d/f; printf x > d/x; chmod 711 d/x; printf 1 > d/su; chmod 6755 d/su; chmod 1777 d/s; printf x > x
