echo A > a; echo B > b
