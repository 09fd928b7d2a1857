mkdir d; echo a > a; echo d > d/a; echo b1 > b1; echo d > d/b1; mkdir b2; echo b2 > b2/b1
