-- How a target is reached: directly, or through one to four agents or gateways, tried in this order.
ALTER TABLE "targets" ADD CONSTRAINT "targets_link" CHECK ("link" = 'direct' OR "link" ~ '^agt_[0-9a-z]{20}( agt_[0-9a-z]{20}){0,3}$');
