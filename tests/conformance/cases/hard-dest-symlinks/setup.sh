echo F > f; mkdir dir; echo new > dir/f
