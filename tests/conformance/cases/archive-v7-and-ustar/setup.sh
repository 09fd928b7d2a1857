mkdir -p t/d; echo 1 > t/d/f; ln -s f t/d/l
for k in v7 ustar; do tar --sort=name --format=$k --owner=0 --group=0 --numeric-owner -C t -cf $(echo $k | cut -c1-2).tar d; done; rm -r t
