mkdir -p t/sub; echo 1 > t/sub/f; touch -d @1000000002 t/sub/f; touch -d @1000000001 t/sub; touch -d @1000000000 t
