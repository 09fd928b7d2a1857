mkdir -p tree/lib; echo 1 > tree/lib/x
