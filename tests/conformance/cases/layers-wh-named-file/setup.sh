mkdir d; printf 1 > d/.wha; printf 2 > d/x.wh.y
