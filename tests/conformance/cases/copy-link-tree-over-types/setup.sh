mkdir -p t/g t/l; echo d > t/d; echo 1 > t/g/in; echo 2 > t/l/in; echo f > f
