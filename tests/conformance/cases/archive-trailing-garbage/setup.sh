echo 1 > f; tar --owner=0 --group=0 -cf a.tar f; printf 'garbage at the end' >> a.tar; rm f
