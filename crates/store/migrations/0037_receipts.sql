-- Vendors tell afterwards what became of a request, by the name that they gave it.
CREATE INDEX deliveries_by_request ON deliveries (app, said_request) WHERE said_request <> '';
