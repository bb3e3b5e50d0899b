create or replace trigger _100_template_lock
before insert or update on authz.permission_templates
for each row
execute function authz_private.tg_template_lock();
