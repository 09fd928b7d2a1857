for d in 0 1 2 3 4; do mkdir -p d/$d; for f in $(seq 60); do echo $d$f > d/$d/f$f; done; done
