mkdir -p t/d/new t/x; cd t; ln -s g f; echo new > l; echo new > g; echo new > dl; echo n > d/n; chmod 711 d
