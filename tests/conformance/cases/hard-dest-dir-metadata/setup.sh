mkdir -p d/sub; echo 1 > d/sub/f; chmod 770 d; chmod 711 d/sub; touch -d @1000000200 d/sub/f; touch -d @1000000100 d/sub; touch -d @1000000000 d
