mkdir -p t/d t/imp; printf 1 > t/d/f; printf 1 > t/imp/g; chmod 750 t/d; chmod 640 t/d/f
tar --owner=1 --group=2 --numeric-owner --no-recursion -C t -cf a.tar d d/f imp/g; gzip -n a.tar; mv a.tar.gz a.bin; rm -r t; printf 'not a tar' > fake.tar.gz
