// Clients of Go: net/http, net.Resolver, go-redis, go-sql-driver and pgx.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

var ctx = context.Background()

func httpClient(port string) {
	origin := "http://127.0.0.1:" + port
	paths := []string{"/", "/items/42", "/chunked", "/large", "/empty", "/cached", "/moved", "/private", "/failing", "/nosuch", "/binary", "/early-hints", "/trailers"}
	get := func(path string) {
		response, err := http.Get(origin + path)
		if err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	}
	for _, path := range paths {
		get(path)
	}
	var group sync.WaitGroup
	for n := range 26 {
		group.Add(1)
		go func() { defer group.Done(); get(paths[n%len(paths)]) }()
	}
	group.Wait()
	http.Post(origin+"/upload", "text/plain", strings.NewReader(strings.Repeat("x", 3000)))
	http.Post(origin+"/upload", "text/plain", io.MultiReader(bytes.NewReader(make([]byte, 900)), bytes.NewReader(make([]byte, 900))))
	http.Head(origin + "/large")
}

func dnsClient(port string) {
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
	}}
	for _, name := range []string{"a.shop.test.", "alias.shop.test.", "many.shop.test.", "nosuch.shop.test."} {
		resolver.LookupHost(ctx, name)
	}
	resolver.LookupTXT(ctx, "text.shop.test.")
	resolver.LookupTXT(ctx, "long.shop.test.")
	resolver.LookupMX(ctx, "shop.test.")
	resolver.LookupSRV(ctx, "http", "tcp", "shop.test.")
	resolver.LookupAddr(ctx, "192.0.2.9")
}

func redisClient(port string) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, PoolSize: 2})
	client.Set(ctx, "go:a", strings.Repeat("x", 900), 0)
	client.Get(ctx, "go:a")
	client.Get(ctx, "go:none")
	client.Incr(ctx, "go:a")
	client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for n := range 40 {
			pipe.Set(ctx, fmt.Sprintf("go:%d", n), strings.Repeat("v", n*25), 0)
			pipe.Get(ctx, fmt.Sprintf("go:%d", n))
		}
		return nil
	})
	client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Set(ctx, "go:t", 1, 0)
		pipe.Incr(ctx, "go:t")
		pipe.LPush(ctx, "go:t", 1)
		return nil
	})
	client.HSet(ctx, "go:h", "a", 1, "b", 2)
	client.HGetAll(ctx, "go:h")
	client.ZAdd(ctx, "go:z", redis.Z{Score: 1.5, Member: "m"})
	client.ZRangeWithScores(ctx, "go:z", 0, -1)
	subscription := client.Subscribe(ctx, "go", "more")
	subscription.Receive(ctx)
	client.Publish(ctx, "go", strings.Repeat("m", 700))
	subscription.ReceiveMessage(ctx)
	subscription.Unsubscribe(ctx, "go")
	subscription.Close()
	client.Close()
}

func mysqlClient(port string) {
	for _, options := range []string{"", "?interpolateParams=true&multiStatements=true"} {
		database, _ := sql.Open("mysql", "joe:pass@tcp(127.0.0.1:"+port+")/shop"+options)
		database.SetMaxOpenConns(1)
		database.Exec("create or replace table gm (id int primary key, v text)")
		for n := range 10 {
			database.Exec("insert into gm values (?, ?)", n, strings.Repeat("x", n*100))
		}
		database.Exec("insert into gm values (?, ?)", 1, "again")
		rows, err := database.Query("select * from gm where id > ?", 3)
		if err == nil {
			rows.Close()
		}
		database.Exec("selec 1")
		database.Exec("select 1; select 2")
		statement, err := database.Prepare("select v from gm where id = ?")
		if err == nil {
			for n := range 4 {
				statement.QueryRow(n).Scan(new(string))
			}
			statement.Close()
		}
		transaction, _ := database.Begin()
		transaction.Exec("delete from gm where id = 1")
		transaction.Rollback()
		database.Ping()
		database.Close()
	}
}

func postgresClient(port string) {
	for _, mode := range []string{"", "?default_query_exec_mode=simple_protocol", "?default_query_exec_mode=exec", "?default_query_exec_mode=describe_exec"} {
		connection, err := pgx.Connect(ctx, "postgres://joe@127.0.0.1:"+port+"/postgres"+mode)
		if err != nil {
			continue
		}
		connection.Exec(ctx, "drop table if exists pg")
		connection.Exec(ctx, "create table pg (id int primary key, v text)")
		for n := range 6 {
			connection.Exec(ctx, "insert into pg values ($1, $2)", n, strings.Repeat("x", n*200))
		}
		connection.Exec(ctx, "insert into pg values ($1, $2)", 1, "again")
		connection.Exec(ctx, "select * from missing where id = $1", 1)
		rows, err := connection.Query(ctx, "select * from pg where id > $1", 2)
		if err == nil {
			rows.Close()
		}
		batch := &pgx.Batch{}
		for n := range 12 {
			batch.Queue("select $1::int", n)
			batch.Queue("insert into pg values ($1, 'batch')", 100+n)
		}
		connection.SendBatch(ctx, batch).Close()
		failing := &pgx.Batch{}
		failing.Queue("select 1")
		failing.Queue("select 1/0")
		failing.Queue("select 2")
		connection.SendBatch(ctx, failing).Close()
		connection.CopyFrom(ctx, pgx.Identifier{"pg"}, []string{"id", "v"}, pgx.CopyFromSlice(300, func(n int) ([]any, error) { return []any{1000 + n, "copied"}, nil }))
		transaction, err := connection.Begin(ctx)
		if err == nil {
			transaction.Exec(ctx, "select 1/0")
			transaction.Rollback(ctx)
		}
		connection.Close(ctx)
	}
}

func main() {
	map[string]func(string){"http": httpClient, "dns": dnsClient, "redis": redisClient, "mysql": mysqlClient, "postgresql": postgresClient}[os.Args[1]](os.Args[2])
}
