-- A page shows nobody more than they may see: who asks about another is bound by their own rules,
-- too.

create or replace function authz_private.page_rules(subject_id bigint, table_name regclass)
returns text
language plpgsql stable security invoker parallel restricted
as $$
declare
    viewer_id bigint;
    of_subject text;
    of_viewer text;
begin
    if not exists (
        select from authz.datasets as d where d.table_name = page_rules.table_name
    )
    then
        return null;
    end if;
    viewer_id := authz.current_user_id();
    of_subject := authz_private.row_predicate(subject_id, page_rules.table_name);
    if viewer_id <> subject_id then
        of_viewer := authz_private.row_predicate(viewer_id, page_rules.table_name);
    end if;
    return case
        when of_subject is not null and of_viewer is not null then of_subject || ' and ' || of_viewer
        else coalesce(of_subject, of_viewer)
    end;
end
$$;

comment on function authz_private.page_rules(bigint, regclass) is
    'Row permissions of the user a page is about, and of the user who asks, as SQL over the '
    'columns of the table; null: none.';
revoke all on function authz_private.page_rules(bigint, regclass) from public;
