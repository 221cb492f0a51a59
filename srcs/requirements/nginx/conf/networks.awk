# /proc/net/route -> "allow NETWORK/BITS;" for each network that this container
# is on, except the one with the default route: that is the edge, where the
# published port arrives. Addresses there are hexadecimal, lowest byte first.

function byte(text, n) {
    text = toupper(substr(text, n * 2 + 1, 2))
    return (index(digits, substr(text, 1, 1)) - 1) * 16 + \
        index(digits, substr(text, 2, 1)) - 1
}

function bits(text,    n, value, sum) {
    for (n = 0; n < 4; n++) {
        for (value = byte(text, n); value > 0; value = int(value / 2)) {
            sum += value % 2
        }
    }
    return sum + 0
}

BEGIN { digits = "0123456789ABCDEF" }

NR > 1 && $2 == "00000000" { edge[$1] = 1 }

NR > 1 && $2 != "00000000" && $3 == "00000000" {
    count++
    device[count] = $1
    network[count] = byte($2, 3) "." byte($2, 2) "." byte($2, 1) "." byte($2, 0)
    prefix[count] = bits($8)
}

END {
    for (n = 1; n <= count; n++) {
        if (!(device[n] in edge)) {
            print "allow " network[n] "/" prefix[n] ";"
        }
    }
}
