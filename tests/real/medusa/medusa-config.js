// The configuration of the Medusa that the tests start: no admin pages, loopback only.
const { defineConfig } = require("@medusajs/framework/utils");

const here = "http://127.0.0.1";

module.exports = defineConfig({
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false },
    http: {
      storeCors: here,
      adminCors: here,
      authCors: here,
      jwtSecret: "for-tests-only",
      cookieSecret: "for-tests-only",
    },
  },
  admin: { disable: true },
});
