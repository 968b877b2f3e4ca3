//go:build libraries

package main

import (
	"context"
	"database/sql"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/gin-gonic/gin"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
)

var (
	postgres *sql.DB
	mariadb  *sql.DB
	cache    *redis.Client
)

func init() {
	handlers["gin"] = ginHandler
	if os.Getenv("POSTGRES_PORT") != "" {
		openDatabases()
		databases = queryDatabases
	}
}

func openDatabases() {
	pool, err := strconv.Atoi(os.Getenv("POOL"))
	if err != nil {
		log.Fatal(err)
	}
	open := func(driver, address string) *sql.DB {
		database, err := sql.Open(driver, address)
		if err != nil {
			log.Fatal(err)
		}
		database.SetMaxOpenConns(pool)
		database.SetMaxIdleConns(pool)
		return database
	}
	postgres = open("pgx", "postgres://joe@127.0.0.1:"+os.Getenv("POSTGRES_PORT")+"/postgres")
	mariadb = open("mysql", "joe:pass@tcp(127.0.0.1:"+os.Getenv("MARIADB_PORT")+")/shop")
	cache = redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + os.Getenv("REDIS_PORT"), PoolSize: pool})
}

func queryDatabases(ctx context.Context, truth string) error {
	if err := cache.Get(ctx, "cart:"+truth).Err(); err != nil && err != redis.Nil {
		return err
	}
	var text string
	if err := postgres.QueryRowContext(ctx, "SELECT $1::text", truth).Scan(&text); err != nil {
		return err
	}
	if err := call(ctx, truth, paths[0]); err != nil {
		return err
	}
	return mariadb.QueryRowContext(ctx, "SELECT concat(?, 'x')", truth).Scan(&text)
}

func ginHandler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/:path", func(c *gin.Context) {
		if err := work(c.Request.Context(), c.GetHeader("x-truth"), c.Request.URL.Path); err != nil {
			c.String(http.StatusBadGateway, "%s\n", err)
			return
		}
		c.String(http.StatusOK, "gateway\n")
	})
	return router
}
