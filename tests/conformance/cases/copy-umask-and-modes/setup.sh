for m in 000 001 200 400 444 511 666 777; do printf $m > f$m; chmod $m f$m; mkdir d$m; chmod $m d$m; done
