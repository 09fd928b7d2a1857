mkdir real; printf 1 > real/x; printf 2 > real/y; ln -s real l
