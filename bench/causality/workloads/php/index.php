<?php
// A gateway in PHP, run by php-fpm behind nginx. Ports come from the environment.
const PATHS = ['/b1', '/b2', '/b3'];
$truth = $_SERVER['HTTP_X_TRUTH'] ?? 'none';

function request(string $truth, string $path): CurlHandle
{
    $handle = curl_init('http://127.0.0.1:' . getenv('BACKEND_PORT') . $path);
    curl_setopt_array($handle, [CURLOPT_RETURNTRANSFER => true, CURLOPT_HTTPHEADER => ["x-truth: $truth"]]);
    return $handle;
}

function parallel(string $truth): void
{
    $all = curl_multi_init();
    $handles = array_map(fn (string $path) => request($truth, $path), PATHS);
    foreach ($handles as $handle) {
        curl_multi_add_handle($all, $handle);
    }
    do {
        curl_multi_exec($all, $running);
        curl_multi_select($all);
    } while ($running > 0);
}

function query(string $address, string $user, string $statement, string $truth): void
{
    $connection = new PDO($address, $user, 'pass', [PDO::ATTR_PERSISTENT => true, PDO::ATTR_EMULATE_PREPARES => false]);
    $prepared = $connection->prepare($statement);
    $prepared->execute([$truth]);
    $prepared->fetchAll();
}

switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case '/one':
        curl_exec(request($truth, PATHS[0]));
        break;
    case '/sequence':
        foreach (PATHS as $path) {
            curl_exec(request($truth, $path));
        }
        break;
    case '/parallel':
        parallel($truth);
        break;
    case '/databases':
        $redis = new Redis();
        $redis->pconnect('127.0.0.1', (int) getenv('REDIS_PORT'));
        $redis->get("cart:$truth");
        query('pgsql:host=127.0.0.1;dbname=postgres;port=' . getenv('POSTGRES_PORT'), 'joe', 'SELECT ?::text', $truth);
        curl_exec(request($truth, PATHS[0]));
        query('mysql:host=127.0.0.1;dbname=shop;port=' . getenv('MARIADB_PORT'), 'joe', "SELECT concat(?, 'x')", $truth);
        break;
}
echo "gateway\n";
