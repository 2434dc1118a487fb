-- Inside the database hes: what hes_owner will make, hes_app may use but not change. Idempotent.
GRANT USAGE ON SCHEMA public TO hes_app;
ALTER DEFAULT PRIVILEGES FOR ROLE hes_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hes_app;
ALTER DEFAULT PRIVILEGES FOR ROLE hes_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO hes_app;
