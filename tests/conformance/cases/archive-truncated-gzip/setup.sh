head -c 100000 /dev/urandom > f; tar -cf - f | gzip -n | head -c 50000 > a.tar.gz; rm f
