SELECT transform(g, x -> upper(x)), h.a, i['k'], g[0], date_format(e, 'yyyy-MM-dd HH:mm:ss.SSS'), to_date(b, 'dd/MM/yyyy'), explode(map('a', 1)) FROM STREAM t LATERAL VIEW posexplode(g) z AS p, q
