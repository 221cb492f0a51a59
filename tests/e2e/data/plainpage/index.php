<?php
/**
 * Every page of the theme: a heading, and the posts that belong to it.
 */
?>
<!DOCTYPE html>
<html <?php language_attributes(); ?>>
<head>
	<meta charset="<?php bloginfo( 'charset' ); ?>">
	<meta name="viewport" content="width=device-width">
	<?php wp_head(); ?>
</head>
<body <?php body_class(); ?>>
<?php wp_body_open(); ?>
<h1 id="plainpage-title"><?php bloginfo( 'name' ); ?></h1>
<?php while ( have_posts() ) : ?>
	<?php the_post(); ?>
	<article>
		<h2><a href="<?php the_permalink(); ?>"><?php the_title(); ?></a></h2>
		<?php the_content(); ?>
	</article>
<?php endwhile; ?>
<?php wp_footer(); ?>
</body>
</html>
