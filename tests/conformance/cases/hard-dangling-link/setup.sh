ln -s nowhere l1; printf ok > l2
