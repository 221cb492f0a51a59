# init.sql for people -> one statement per line for mariadbd --init-file.

function quoted(name,    value) {
    value = ENVIRON[name]
    gsub(/['\\]/, "\\\\&", value)
    return value
}

# Fills in the @NAMES@ from left to right; what was put in is not looked at
# again.
function filled(text,    done, word) {
    done = ""
    while (match(text, /@[A-Z_]+@/)) {
        word = substr(text, RSTART + 1, RLENGTH - 2)
        if (!(word in values)) {
            print "init.sql: @" word "@ is unknown" >"/dev/stderr"
            exit 1
        }
        done = done substr(text, 1, RSTART - 1) values[word]
        text = substr(text, RSTART + RLENGTH)
    }
    return done text
}

BEGIN {
    values["DATABASE"] = ENVIRON["DATABASE"]
    values["USER"] = ENVIRON["USER"]
    # in a GRANT the name is a pattern, where _ stands for any character
    values["DATABASE_PATTERN"] = ENVIRON["DATABASE"]
    gsub(/_/, "\\_", values["DATABASE_PATTERN"])
    values["ROOT_SECRET"] = quoted("ROOT_SECRET")
    values["USER_SECRET"] = quoted("USER_SECRET")
    values["HEALTH_SECRET"] = quoted("HEALTH_SECRET")
    values["EXPORTER_SECRET"] = quoted("EXPORTER_SECRET")
    values["FTPD_SECRET"] = quoted("FTPD_SECRET")
}

/^ *--/ || /^ *$/ { next }

$0 == "//" {
    print statement ";"
    statement = ""
    next
}

{
    sub(/^ +/, "")
    statement = statement (statement == "" ? "" : " ") filled($0)
}
