-- An organisation from a file: the runner copies its lines into load_lines, the rules are here.

create temporary table load_lines (
    line int not null,
    code text not null,
    parent_code text not null,
    name text not null,
    kind text not null
) on commit drop;

create temporary table load_units (
    no int primary key,
    line int not null,
    code text not null,
    parent_no int,
    level int,
    id int
) on commit drop;

create or replace function pg_temp.load_line_problems()
returns table (line int, problem text)
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    select 1, 'no unit follows the header'
    where not exists (select from load_lines)
    union all
    select
        l.line,
        format('code %L is not 1 to 50 characters of a-z, 0-9 and _', left(l.code, 60))
    from load_lines as l
    where l.code !~ '^[a-z0-9_]+$' or length(l.code) > 50
    union all
    select
        d.line,
        format('code %L is on line %s already', left(d.code, 60), d.first_line)
    from (
        select
            l.line,
            l.code,
            min(l.line) over (partition by l.code) as first_line
        from load_lines as l
    ) as d
    where d.line <> d.first_line
    union all
    select
        l.line,
        format('parent_code %L is the code of no line', left(l.parent_code, 60))
    from load_lines as l
    where l.parent_code <> ''
        and not exists (select from load_lines as p where p.code = l.parent_code)
    union all
    select
        l.line,
        format('kind %L is not a word of a-z, 0-9 and _', left(l.kind, 60))
    from load_lines as l
    where l.kind <> '' and l.kind !~ '^[a-z][a-z0-9_]{0,49}$'
    union all
    select l.line, format('root %L exists already', l.code)
    from load_lines as l
    inner join authz.org_units as u on l.code = u.code and u.parent_id is null
    where l.parent_code = '';
$$;

-- Follows parent by parent from every line; a walk that meets itself is a cycle.
create or replace function pg_temp.load_cycles()
returns table (line int, problem text)
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    parents int [] := array(select coalesce(u.parent_no, 0) from load_units as u order by u.no);
    walk_of int [] := array_fill(0, array[cardinality(parents)]);
    here int;
    members int [];
begin
    for walk in 1 .. cardinality(parents) loop
        here := walk;
        while here > 0 and walk_of[here] = 0 loop
            walk_of[here] := walk;
            here := parents[here];
        end loop;
        if here > 0 and walk_of[here] = walk then
            members := array[here];
            while parents[members[cardinality(members)]] <> here loop
                members := members || parents[members[cardinality(members)]];
            end loop;
            return query
            select
                min(u.line),
                format(
                    'each of these is above the next, and the last above the first: %s%s',
                    string_agg(
                        format('%s (line %s)', u.code, u.line), ' > ' order by m.place desc
                    ) filter (where m.place <= 20),
                    case
                        when cardinality(members) > 20
                            then format(' and %s more', cardinality(members) - 20)
                    end
                )
            from unnest(members) with ordinality as m (no, place)
            inner join load_units as u on m.no = u.no;
        end if;
    end loop;
end
$$;

create or replace function pg_temp.load_check()
returns table (line int, problem text)
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    analyze load_lines;
    return query select p.line, p.problem from pg_temp.load_line_problems() as p;
    if found then
        return;
    end if;

    insert into load_units (no, line, code, parent_no)
    with numbered as (
        select
            l.*,
            row_number() over (order by l.line) as no
        from load_lines as l
    )

    select
        n.no,
        n.line,
        n.code,
        p.no
    from numbered as n
    left join numbered as p on n.parent_code = p.code;
    analyze load_units;
    return query select c.line, c.problem from pg_temp.load_cycles() as c;
    if found then
        return;
    end if;

    with recursive placed as (
        select
            u.no,
            1 as level,
            length(u.code) as size
        from load_units as u
        where u.parent_no is null
        union all
        select
            u.no,
            p.level + 1,
            p.size + 1 + length(u.code)
        from placed as p
        inner join load_units as u on p.no = u.parent_no
        where p.size <= 2000
    )

    update load_units as u
    set level = case when p.size <= 2000 then p.level end
    from placed as p
    where u.no = p.no;
    return query
    select
        u.line,
        format('the path of %L grows beyond 2000 bytes', u.code)
    from load_units as u
    where u.level is null
        and not exists (
            select from load_units as p where p.no = u.parent_no and p.level is null
        );
end
$$;

comment on function pg_temp.load_check() is 'What is wrong with load_lines; no rows: nothing.';

create or replace function pg_temp.load_insert()
returns table (units bigint, roots bigint, first_root text, new_kinds text)
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    ids regclass := pg_get_serial_sequence('authz.org_units', 'id');
    unknown text := (
        select string_agg(distinct l.kind, ', ')
        from load_lines as l
        where l.kind <> ''
            and not exists (select from authz.unit_kinds as k where k.kind = l.kind)
    );
begin
    update load_units as u
    set id = o.id
    from (
        select
            x.no,
            nextval(ids)::int as id
        from (select y.no from load_units as y order by y.level, y.line offset 0) as x
    ) as o
    where u.no = o.no;

    -- The triggers give every unit its place.
    insert into authz.org_units (id, parent_id, code, name, kind, sort_order)
    select
        u.id,
        p.id,
        u.code,
        l.name,
        coalesce(nullif(l.kind, ''), 'unit'),
        row_number() over (partition by u.parent_no order by u.line)
    from load_units as u
    inner join load_lines as l on u.line = l.line
    left join load_units as p on u.parent_no = p.no
    order by u.level, u.line;
    analyze authz.org_units;

    return query
    select
        count(*),
        count(*) filter (where u.level = 1),
        min(u.code) filter (where u.level = 1),
        unknown
    from load_units as u;
end
$$;
