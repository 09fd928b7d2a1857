echo 1 > f; tar --owner=0 --group=0 -cf a.tar f; head -c 512 a.tar | gzip -n > a.tar.gz; tail -c +513 a.tar | gzip -n >> a.tar.gz; rm f a.tar
