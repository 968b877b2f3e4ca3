// JDBC for MariaDB, MySQL and PostgreSQL: transactions, prepared statements on server and client, batches, cursors, errors.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

public class Jdbc {
  interface Work { void run() throws SQLException; }

  static void quiet(Work work) {
    try { work.run(); } catch (SQLException expected) { }
  }

  static void work(Connection connection, String table) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      quiet(() -> statement.execute("drop table " + table));
      statement.execute("create table " + table + " (id int primary key, v text)");
      quiet(() -> statement.execute("selec 1"));
      quiet(() -> statement.executeQuery("select * from missing"));
      statement.addBatch("insert into " + table + " values (1, 'one')");
      statement.addBatch("insert into " + table + " values (2, 'two')");
      statement.executeBatch();
    }
    connection.setAutoCommit(false);
    try (PreparedStatement insert = connection.prepareStatement("insert into " + table + " values (?, ?)")) {
      for (int n = 10; n < 60; n++) {
        insert.setInt(1, n);
        insert.setString(2, "v".repeat(n * 15));
        insert.addBatch();
      }
      insert.executeBatch();
      connection.commit();
      insert.setInt(1, 10);
      insert.setString(2, "x".repeat(900));
      quiet(insert::executeUpdate);
      connection.rollback();
    }
    try (PreparedStatement select = connection.prepareStatement("select id, v from " + table + " where id > ? order by id")) {
      for (int n = 0; n < 12; n++) {
        select.setInt(1, n * 4);
        try (var rows = select.executeQuery()) { while (rows.next()) rows.getString(2); }
      }
      select.setFetchSize(7);
      select.setInt(1, 0);
      try (var rows = select.executeQuery()) { while (rows.next()) rows.getString(2); }
    }
    try (PreparedStatement update = connection.prepareStatement("update " + table + " set v = ? where id = ?")) {
      update.setString(1, "u".repeat(3000));
      update.setInt(2, 11);
      update.executeUpdate();
      var savepoint = connection.setSavepoint("here");
      update.setString(1, "other");
      update.executeUpdate();
      connection.rollback(savepoint);
      connection.commit();
    }
    connection.setAutoCommit(true);
    quiet(() -> connection.prepareStatement("select nothing from nowhere where x = ?").executeQuery());
    connection.isValid(1);
    connection.getMetaData().getTables(null, null, "%", null).close();
  }

  public static void main(String[] args) throws Exception {
    String port = args[1];
    Properties login = new Properties();
    login.setProperty("user", "joe");
    login.setProperty("password", "pass");
    switch (args[0]) {
      case "mariadb" -> {
        for (String options : new String[] {"", "?useServerPrepStmts=true", "?useServerPrepStmts=true&useBulkStmts=true", "?allowMultiQueries=true&usePipelineAuth=true"}) {
          try (var connection = DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + port + "/shop" + options, login)) { work(connection, "jm"); }
        }
      }
      case "mysql" -> {
        for (String options : new String[] {"", "&useServerPrepStmts=true&cachePrepStmts=true", "&rewriteBatchedStatements=true&allowMultiQueries=true", "&useServerPrepStmts=true&useCursorFetch=true"}) {
          try (var connection = DriverManager.getConnection("jdbc:mysql://127.0.0.1:" + port + "/shop?sslMode=DISABLED&allowPublicKeyRetrieval=true" + options, login)) { work(connection, "jc"); }
        }
      }
      default -> {
        for (String options : new String[] {"", "?prepareThreshold=1", "?preferQueryMode=simple", "?reWriteBatchedInserts=true", "?preferQueryMode=extendedForPrepared&autosave=always"}) {
          try (var connection = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/postgres" + options + (options.isEmpty() ? "?" : "&") + "sslmode=disable", login)) { work(connection, "jp"); }
        }
      }
    }
  }
}
