echo f > f; ln -s / root; ln -s ./f self; mkdir d; ln -s ../../../.. up
