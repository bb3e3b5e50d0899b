-- A page shows nobody more than they may see: who asks about another is bound by their own rules,
-- too.

create or replace function authz_private.fund_rules(subject_id bigint)
returns text
language plpgsql stable security invoker parallel restricted
as $$
declare
    viewer_id bigint;
    of_subject text;
    of_viewer text;
begin
    if not exists (
        select
        from authz.datasets as d
        where d.table_name = 'finance.financial_funds'::regclass
    )
    then
        return null;
    end if;
    viewer_id := authz.current_user_id();
    of_subject := authz_private.row_predicate(subject_id, 'finance.financial_funds');
    if viewer_id <> subject_id then
        of_viewer := authz_private.row_predicate(viewer_id, 'finance.financial_funds');
    end if;
    return case
        when of_subject is not null and of_viewer is not null then of_subject || ' and ' || of_viewer
        else coalesce(of_subject, of_viewer)
    end;
end
$$;

comment on function authz_private.fund_rules(bigint) is
    'Row permissions of the user a page is about, and of the one who asks, as SQL over the columns '
    'of finance.financial_funds; null: none.';
revoke all on function authz_private.fund_rules(bigint) from public;
