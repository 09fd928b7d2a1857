mkdir -p d/s; printf 1 > d/a; ln d/a d/b; ln d/a d/s/c
