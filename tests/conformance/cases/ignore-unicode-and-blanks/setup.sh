for f in ünï 'a b' a b c 日本/f 日本2; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
 ünï 
a b
	c	
日本/*
EOF
