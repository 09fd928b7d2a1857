head -c 10240 /dev/zero > end.tar; : > empty.tar
