mkdir d; echo 1 > in; echo f > f; echo d > d/g; tar --owner=0 --group=0 --mtime=@1 -cf a.tar in; gzip -nk a.tar; mv a.tar.gz b.tar.gz; rm in
